import { stat } from 'node:fs/promises';
import { ConfigurationError } from '../../../model/errors.js';
import { isJsonObject } from '../../../model/json.js';
import { Secret } from '../../../model/secret.js';
import { readPolicyFile } from '../../policy-file.js';
import { loadOtplib, type Otplib } from './load-otplib.js';
import { SECRET_PROBLEM, sharedSecret } from './shared-secret.js';

/** The secrets of users, by name. */
export type Secrets = ReadonlyMap<string, Secret>;

/**
 * A file with the secrets of users. It is read when it is first needed, and again when it has changed.
 *
 * @returns reads what has to be read. It throws ConfigurationError, with every problem, if the file cannot be used
 */
export function secretsFile(name: string, path: string): () => Promise<Secrets> {
  let known: { readonly signature: string; readonly secrets: Secrets } | undefined;
  return async () => {
    // Looked at before it is read: what is written meanwhile is a change that the next call sees.
    const signature = await signatureOf(path);
    if (known !== undefined && known.signature === signature) return known.secrets;
    const text = await readPolicyFile(`${name}: the file of secrets`, path);
    const secrets = parseSecrets(`${name}: the file of secrets ${path}`, text, await loadOtplib(name));
    known = { signature, secrets };
    return secrets;
  };
}

async function signatureOf(path: string): Promise<string> {
  const stats = await stat(path, { bigint: true }).catch(() => undefined);
  return stats === undefined ? '' : [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(' ');
}

/** @param what - which file it is, for the error message */
function parseSecrets(what: string, text: string, otplib: Otplib): Secrets {
  const content = parseJson(text);
  const given = isJsonObject(content) ? content['secrets'] : undefined;
  if (!isJsonObject(content) || !isJsonObject(given)) {
    throw new ConfigurationError(`${what} must be JSON: {"secrets": {"<user>": "<Base32>", …}}.`);
  }
  const problems = [
    ...Object.keys(content).flatMap((key) => (key === 'secrets' ? [] : `There is no property ${JSON.stringify(key)}.`)),
    ...Object.entries(given).flatMap(([user, secret]) =>
      typeof secret === 'string' && sharedSecret(otplib, secret) !== undefined
        ? []
        : `The secret of ${JSON.stringify(user)} ${SECRET_PROBLEM}.`,
    ),
  ];
  if (problems.length > 0) {
    throw new ConfigurationError(`${what} cannot be used: ${problems.join(' ')}`, {
      problems: problems.map((problem) => `${what}: ${problem}`),
    });
  }
  return new Map(Object.entries(given).map(([user, secret]) => [user, new Secret(secret as string)]));
}

/** V8's own error quotes the text, which holds secrets. */
function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
