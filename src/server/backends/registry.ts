import * as z from 'zod';
import { allOfBackend } from './all-of.js';
import { allowAllBackend } from './allow-all.js';
import { casbinBackend } from './casbin.js';
import { cedarBackend } from './cedar.js';
import { chainBackend } from './chain.js';
import { firstOfBackend } from './first-of.js';
import { groupsBackend } from './groups.js';
import { guardedAuthenticator, guardedAuthorizer } from './guarded.js';
import { httpBackend } from './http.js';
import { httpAuthorizerBackend } from './http-authorizer.js';
import { introspectionBackend } from './introspection.js';
import { jwtBackend } from './jwt.js';
import { ldapBackend } from './ldap.js';
import { memoryBackend } from './memory.js';
import { postgresBackend } from './postgres.js';
import { radiusBackend } from './radius.js';
import { redisBackend } from './redis.js';
import { rulesBackend } from './rules.js';
import { sqlBackend } from './sql.js';
import { sqliteBackend } from './sqlite.js';
import { staticBackend } from './static.js';
import { totpBackend } from './totp.js';
import { usersFileBackend } from './users-file.js';

/*
 * Every backend that the configuration of the server can name. To add one: a file in this folder, a line here, and a page
 * in docs/adapters/ with a row for each of its settings. What is asked over a network is `guarded`.
 */

export const AUTHENTICATORS = [
  usersFileBackend,
  staticBackend,
  guardedAuthenticator(ldapBackend),
  guardedAuthenticator(sqlBackend),
  guardedAuthenticator(radiusBackend),
  totpBackend,
  guardedAuthenticator(jwtBackend),
  guardedAuthenticator(introspectionBackend),
  guardedAuthenticator(httpBackend),
  guardedAuthenticator(firstOfBackend),
  guardedAuthenticator(allOfBackend),
  guardedAuthenticator(chainBackend),
] as const;

export const AUTHORIZERS = [
  allowAllBackend,
  groupsBackend,
  rulesBackend,
  casbinBackend,
  cedarBackend,
  guardedAuthorizer(httpAuthorizerBackend),
] as const;

export const SESSION_MANAGERS = [sqliteBackend, redisBackend, postgresBackend, memoryBackend] as const;

/** These are simple enough to have an environment variable for each of their settings. The others are set in the file. */
export const WITH_VARIABLES: readonly string[] = ['users-file', 'static', 'allow-all', 'groups', 'sqlite', 'memory'];

type SchemasOf<Backends extends readonly { schema: z.core.$ZodTypeDiscriminable }[]> = {
  -readonly [Index in keyof Backends]: Backends[Index]['schema'];
};

const schemasOf = <Backends extends readonly { schema: z.core.$ZodTypeDiscriminable }[]>(backends: Backends) =>
  backends.map(({ schema }) => schema) as unknown as SchemasOf<Backends>;

export const authenticatorSchema = z.discriminatedUnion('type', schemasOf(AUTHENTICATORS));

export const authorizerSchema = z.discriminatedUnion('type', schemasOf(AUTHORIZERS));

export const sessionManagerSchema = z.discriminatedUnion('type', schemasOf(SESSION_MANAGERS));
