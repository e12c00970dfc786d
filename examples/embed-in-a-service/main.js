/*
 * A note service: its clients first ask for a session, then send messages of the service's own over the same connection.
 *
 *   npm run build && node examples/embed-in-a-service/main.js
 */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createSessionOrchestrator, groupsAuthorizer, memorySessionManager, staticAuthenticator } from 'session-init';
import { connect } from 'session-init/client';
import { webSocketTransport } from 'session-init/transports/websocket';

// The service: notes by user, and an HTTP server that may serve other things, too.
const notes = new Map();
const server = createServer((_, response) => response.end('The notes are at /notes, over a WebSocket.\n'));

const orchestrator = createSessionOrchestrator({
  authenticator: staticAuthenticator({
    users: { ada: 'only-for-this-example', eve: 'only-for-this-example' },
    groups: { ada: ['writers'] },
  }),
  authorizer: groupsAuthorizer({ anyOf: ['writers'] }),
  sessionManager: memorySessionManager(),
});
orchestrator.on('init.completed', ({ username, state, duration }) => {
  console.log(`${username}: ${state} after ${duration.toFixed(1)} ms`);
});

const transport = webSocketTransport(orchestrator, {
  server,
  path: '/notes',
  onMessage(message, { session, send }) {
    const mine = notes.get(session.user) ?? [];
    if (typeof message.add === 'string') notes.set(session.user, [...mine, message.add]);
    send({ notes: notes.get(session.user) ?? [] });
  },
});
server.listen(0, '127.0.0.1');
await once(server, 'listening');
const url = `ws://127.0.0.1:${server.address().port}/notes`;

// A client of it.
const ada = connect(url);
const response = await ada.init({ username: 'ada', user_secret: 'only-for-this-example' });
assert.equal(response.success, true);
assert.equal(response.data.user, 'ada');

const answers = [];
ada.onMessage((message) => answers.push(message));
ada.send({ add: 'buy milk' });
ada.send({ add: 'invent the computer' });

// Somebody who is known, but may not have a session.
const eve = connect(url);
const refused = await eve.init({ username: 'eve', user_secret: 'only-for-this-example' });
assert.equal(refused.data.reason, 'USER_NOT_AUTHORIZED');
assert.equal(eve.send({ add: 'gossip' }), false, 'without a session nothing is sent');
await eve.close();

// When the service ends the session, the client is told, and its connection is closed.
const ended = new Promise((resolve) => ada.onSessionEnded(resolve));
await orchestrator.removeByUser('ada');
assert.deepEqual(await ended, { sessionId: response.data.session_id, cause: 'removed' });
assert.deepEqual(answers.at(-1), { notes: ['buy milk', 'invent the computer'] });
assert.equal(await orchestrator.findBySecret(response.data.session_secret), undefined);
await ada.close();

await transport.drain();
await orchestrator.drain();
server.close();
console.log('embed-in-a-service: ok');
