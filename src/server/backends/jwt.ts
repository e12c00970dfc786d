import { readFile } from 'node:fs/promises';
import * as z from 'zod';
import { jwtAuthenticator } from '../../adapters/authenticators/jwt.js';
import { jwtLog } from '../logging/jwt-log.js';
import { count, file, milliseconds, text, texts } from '../settings.js';
import { authenticatorBackend, given } from './backend.js';
import { httpClientSettings, readTlsFiles } from './http-client-settings.js';

/** Where the user and the groups are in what is said of a token. */
export const claimPath = (description: string) =>
  z
    .union([z.string().min(1), z.array(z.string().min(1)).min(1)])
    .describe(`${description} A name, or a list of the names on the way to it.`);

export const clockTolerance = z
  .int()
  .min(0)
  .max(300_000)
  .default(5_000)
  .describe("By so much the issuer's clock may differ from ours. In milliseconds.");

const { maxConnections: _, maxQueued: __, ...fetchSettings } = httpClientSettings;

export const jwtBackend = authenticatorBackend({
  schema: z.strictObject({
    type: z.literal('jwt'),
    issuer: text('Who signs the tokens: their claim iss must be exactly this.'),
    audience: z
      .union([z.string().min(1), texts('The claim aud.').min(1)])
      .describe('For whom tokens must be meant: one of these must be in their claim aud.'),
    jwksUri: text('Where the issuer publishes its keys. By default what its metadata says.').optional(),
    publicKeys: z
      .array(file('A public key or a certificate in PEM.'))
      .min(1)
      .optional()
      .describe('Files with the public keys that verify the tokens. Nothing is fetched then.'),
    algorithms: texts('The signature algorithms that are taken. By default every one that has key pairs.').optional(),
    typ: z
      .union([z.string().min(1), z.literal(false)])
      .default('at+jwt')
      .describe('The header typ that tokens must have, or false for any.'),
    usernameClaim: claimPath('The claim that must be the user name.').default('sub'),
    groupsClaim: claimPath("The claim with the user's groups.").optional(),
    maxTokenAge: z.int().min(1).optional().describe('So long after its claim iat a token is too old. In milliseconds.'),
    clockTolerance,
    keysMaxAge: milliseconds(600_000, 'For so long keys are used after they were fetched.'),
    keysCooldown: milliseconds(2_000, 'From one fetch of keys to the next. It must be less than timeout.'),
    maxWaiting: count(512, 'Calls that wait for a key that is not known; more are refused as overloaded.'),
    ...fetchSettings,
  }),
  async open({ type: _, publicKeys, ca, cert, key, ...settings }, context) {
    const { name, clock, logger } = context;
    return jwtAuthenticator({
      ...given(settings),
      ...given({
        name,
        publicKeys: publicKeys && (await Promise.all(publicKeys.map((path) => readFile(path, 'utf8')))),
      }),
      ...(await readTlsFiles({ ca, cert, key }, context)),
      ...{ clock, ...jwtLog(name ?? 'jwt', logger) },
    });
  },
});
