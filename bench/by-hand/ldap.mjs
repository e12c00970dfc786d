import { Client, Control, EqualityFilter } from 'ldapts';

const CONNECTIONS = 10;
const ATTRIBUTES = ['uid', 'pwdAccountLockedTime'];
const PASSWORD_POLICY = '1.3.6.1.4.1.42.2.27.8.5.1';

/**
 * Search and bind with ldapts alone, over as many connections of either kind as the adapter has. The state of the account
 * is asked for, as who shall say why a user is refused must.
 */
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
    await binding((client) => client.bind(user.dn, secret, new Control(PASSWORD_POLICY)));
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
