/*
 * The machine alone, without the orchestrator, inside an actor system of your own: a login desk invokes it, shows how far
 * it is, and goes on with its output. Leaving the state ends the init; a session that is created too late is removed.
 *
 *   npm run build && node examples/machine-in-an-actor-system/main.js
 */
import assert from 'node:assert/strict';
import {
  allowAllAuthorizer,
  memorySessionManager,
  SessionInitMessage,
  sessionInitActors,
  sessionInitMachine,
  staticAuthenticator,
} from 'session-init';
import { assign, createActor, setup, waitFor } from 'xstate';

const sessionManager = memorySessionManager();
const actors = sessionInitActors({
  authenticator: staticAuthenticator({ users: { ada: 'only-for-this-example' } }),
  authorizer: allowAllAuthorizer(),
  sessionManager,
});

const loginDesk = setup({ actors: { sessionInit: sessionInitMachine.provide({ actors }) } }).createMachine({
  id: 'loginDesk',
  context: { credentials: undefined, response: undefined },
  initial: 'open',
  states: {
    open: {
      on: {
        'credentials.given': { target: 'checking', actions: assign({ credentials: ({ event }) => event.credentials }) },
      },
    },
    checking: {
      invoke: {
        id: 'init',
        src: 'sessionInit',
        input: ({ context }) => ({ message: context.credentials, ipAddress: '127.0.0.1', referenceId: 'desk-1' }),
        onDone: [
          {
            guard: ({ event }) => event.output.success,
            target: 'welcome',
            actions: assign({ response: ({ event }) => event.output }),
          },
          { target: 'open', actions: assign({ response: ({ event }) => event.output }) },
        ],
      },
      on: { 'visitor.left': 'open' },
    },
    welcome: { type: 'final' },
  },
});

const desk = createActor(loginDesk).start();
const seen = [];
desk.subscribe(({ children }) => {
  children.init?.on('response.ready', ({ state }) => seen.push(state));
});
// A SessionInitMessage keeps its secret to itself: the desk's own events and snapshots show none either.
const give = (secret) => desk.send({ type: 'credentials.given', credentials: new SessionInitMessage('ada', secret) });

// Somebody who leaves before the answer leaves no session behind.
give('only-for-this-example');
desk.send({ type: 'visitor.left' });
await new Promise(setImmediate);
assert.equal((await sessionManager.listByUser('ada')).length, 0);

give('a guess');
await waitFor(desk, (snapshot) => snapshot.matches('open') && snapshot.context.response !== undefined);
assert.equal(desk.getSnapshot().context.response.data.reason, 'AUTHENTICATION_DENIED');

give('only-for-this-example');
const { context } = await waitFor(desk, (snapshot) => snapshot.matches('welcome'));
assert.equal(context.response.data.user, 'ada');
assert.equal((await sessionManager.listByUser('ada')).length, 1);
assert.ok(!JSON.stringify(desk.getPersistedSnapshot()).includes('only-for-this-example'), 'no snapshot shows a secret');
assert.deepEqual([...new Set(seen)], ['authenticationDenied', 'authorized']);

console.log('machine-in-an-actor-system: ok');
