import * as z from 'zod';

/*
 * The kinds of settings that a configuration is made of. Each has a description: it is what an editor shows, and what a
 * mistake is answered with.
 */

/** The longest delay that a timer takes, and more than anybody can count on. */
const LARGEST = 2 ** 31 - 1;

/**
 * What a setting is beyond its type. `file` must be there to be read, `own-file` is made by the server, `secret` says
 * where a secret is, and `authenticator` is the name of one.
 */
export type Mark = 'file' | 'own-file' | 'secret' | 'authenticator';

export const MARKS = z.registry<{ mark: Mark }>();

const FROM_HERE = 'A relative path starts from the folder of this file.';

export const text = (description: string) => z.string().min(1).describe(description);

export const milliseconds = (fallback: number, description: string, least = 1) =>
  z.int().min(least).max(LARGEST).default(fallback).describe(`${description} In milliseconds.`);

export const count = (fallback: number, description: string, least = 1) =>
  z.int().min(least).max(LARGEST).default(fallback).describe(description);

export const flag = (fallback: boolean, description: string) => z.boolean().default(fallback).describe(description);

export const texts = (description: string) => z.array(z.string().min(1)).describe(description);

/** The path of a file that must be there. */
export const file = (description: string) => text(`${description} ${FROM_HERE}`).register(MARKS, { mark: 'file' });

/** The path of a file or a folder that the server makes. */
export const ownFile = (description: string) =>
  text(`${description} ${FROM_HERE}`).register(MARKS, { mark: 'own-file' });

/** The name of an authenticator in `authenticators`. */
export const authenticatorName = (description: string) => text(description).register(MARKS, { mark: 'authenticator' });

/** Where a secret is: it is never in the configuration itself. */
export const secretSource = (description: string) =>
  z
    .strictObject({
      file: file('A file that holds the secret, and nothing else but a line break at its end.').optional(),
      env: text('An environment variable that holds the secret.').optional(),
    })
    .describe(`${description} It is in a file or in an environment variable: {"file": …} or {"env": …}.`)
    .register(MARKS, { mark: 'secret' });

/** Where a secret is. Exactly one of the two is there. */
export type SecretSource = z.output<ReturnType<typeof secretSource>>;
