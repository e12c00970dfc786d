/** Every case by its name, in the order in which they run. */
export const cases = {
  init: {
    title: 'one init in process, over backends that answer at once',
    load: () => import('./cases/init.mjs'),
  },
  'init-memory': {
    title: 'bytes of an init: allocated, held in flight, left behind',
    load: () => import('./cases/init-memory.mjs'),
  },
  'find-memory': {
    title: 'look-up by secret in memory',
    load: () => import('./cases/find-memory.mjs'),
  },
  'find-sqlite': {
    title: 'look-up by secret in SQLite',
    load: () => import('./cases/find-sqlite.mjs'),
  },
  postgres: {
    title: 'a session created and found in PostgreSQL',
    load: () => import('./cases/postgres.mjs'),
  },
  redis: {
    title: 'a session created and found in Redis, beside ioredis alone',
    load: () => import('./cases/redis.mjs'),
  },
  'redis-sessions': {
    title: 'look-ups of sessions in Redis, beside express-session with connect-redis',
    load: () => import('./cases/redis-sessions.mjs'),
  },
  'session-stores': {
    title: 'SQLite, Redis and PostgreSQL with a thousand sessions and with many: look-ups, bytes, removal',
    load: () => import('./cases/session-stores.mjs'),
  },
  'session-memory': {
    title: 'bytes of a live session in memory',
    load: () => import('./cases/session-memory.mjs'),
  },
  expiry: {
    title: 'many sessions that expire at once: the longest stall, and the time until all are gone',
    load: () => import('./cases/expiry.mjs'),
  },
  inspector: {
    title: 'an init with an inspector attached: nobody looks, somebody looks',
    load: () => import('./cases/inspector.mjs'),
  },
  websocket: {
    title: 'inits per second over WebSockets, server and clients in a process each',
    load: () => import('./cases/websocket.mjs'),
  },
  jwt: {
    title: 'a login by a signed token',
    load: () => import('./cases/jwt.mjs'),
  },
  introspection: {
    title: 'a login by an opaque token, asked about at an OpenID provider',
    load: () => import('./cases/introspection.mjs'),
  },
  http: {
    title: 'a user authenticated and authorized by a web service',
    load: () => import('./cases/http.mjs'),
  },
  casbin: {
    title: 'a decision of a casbin policy',
    load: () => import('./cases/casbin.mjs'),
  },
  cedar: {
    title: 'a decision of policies in Cedar',
    load: () => import('./cases/cedar.mjs'),
  },
  ldap: {
    title: 'a user authenticated by slapd, by search and bind',
    load: () => import('./cases/ldap.mjs'),
  },
  radius: {
    title: 'a user authenticated by FreeRADIUS',
    load: () => import('./cases/radius.mjs'),
  },
  totp: {
    title: 'a one-time code verified',
    load: () => import('./cases/totp.mjs'),
  },
  sql: {
    title: 'a user found by a query and a secret verified, in PostgreSQL and SQLite',
    load: () => import('./cases/sql.mjs'),
  },
  'black-hole': {
    title: 'inits on a healthy backend while 1,000 per second come for one that never answers',
    load: () => import('./cases/black-hole.mjs'),
  },
  login: {
    title: 'password logins per second, beside the bare hash and other ways to sign in',
    load: () => import('./cases/login.mjs'),
  },
  overload: {
    title: 'password logins offered at a multiple of what the machine can do',
    load: () => import('./cases/overload.mjs'),
  },
};
