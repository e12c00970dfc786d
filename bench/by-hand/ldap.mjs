import { Client, EqualityFilter } from 'ldapts';

const CONNECTIONS = 10;
const ATTRIBUTES = ['uid'];

/** Search and bind with ldapts alone, over as many connections of either kind as the adapter has. */
export async function ldapByHand({ url, bindDn, bindPassword, userBase }) {
  const searching = pool(
    await Promise.all(
      Array.from({ length: CONNECTIONS }, async () => {
        const client = new Client({ url, timeout: 4_000 });
        await client.bind(bindDn, bindPassword);
        return client;
      }),
    ),
  );
  const binding = pool(Array.from({ length: CONNECTIONS }, () => new Client({ url, timeout: 4_000 })));

  return async function authenticate(username, secret) {
    const filter = new EqualityFilter({ attribute: 'uid', value: username });
    const { searchEntries } = await searching((client) => client.search(userBase, { filter, attributes: ATTRIBUTES }));
    const [user] = searchEntries;
    if (user === undefined) return undefined;
    await binding((client) => client.bind(user.dn, secret));
    return user.uid;
  };
}

/** Gives each of its clients to one caller at a time, first come, first served. */
function pool(idle) {
  const waiting = [];
  return async (use) => {
    const client = idle.pop() ?? (await new Promise((resolve) => waiting.push(resolve)));
    try {
      return await use(client);
    } finally {
      const next = waiting.shift();
      if (next === undefined) idle.push(client);
      else next(client);
    }
  };
}
