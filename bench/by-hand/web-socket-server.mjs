import { WebSocketServer } from 'ws';
import { encodeSessionInitResponse, FailedSessionInitInfo } from '../../dist/index.js';

const MAX_MESSAGE_BYTES = 65_536;
const MAX_QUEUED = 64;
const MAX_BUFFERED_BYTES = 1_048_576;
const MAX_MALFORMED = 10;
const GREETING_TIMEOUT = 30_000;
const IDLE_TIMEOUT = 1_800_000;
const PING_INTERVAL = 30_000;
const CHECK_INTERVAL = 10_000;

/**
 * A bare `ws` server that does by hand what the transport does: one connection, many messages, answered in order; a
 * connection is bound to its session and closed when that has ended; malformed, silent, slow and dead clients are closed.
 *
 * @param {(message: unknown, options: object) => Promise<object>} init
 * @param {object} sessionManager - whose sessions are looked up from time to time, and removed if nobody got them
 * @returns {Promise<number>} the port that it listens on
 */
export function webSocketServerByHand(init, sessionManager, onMessage = () => {}) {
  const connections = new Set();
  const server = new WebSocketServer({
    host: '127.0.0.1',
    port: 0,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    clientTracking: false,
    verifyClient: ({ origin, req }) => origin === undefined || new URL(origin).host === req.headers.host,
  });

  server.on('connection', (socket, request) => {
    const now = performance.now();
    const connection = {
      socket,
      ipAddress: request.socket.remoteAddress,
      controller: new AbortController(),
      openedAt: now,
      heardAt: now,
      hasSpoken: false,
      awaitsPong: false,
      queued: 0,
      malformed: 0,
      session: undefined,
      last: Promise.resolve(),
    };
    connections.add(connection);
    socket.on('message', (data) => receive(connection, data));
    socket.on('pong', () => {
      connection.awaitsPong = false;
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      connections.delete(connection);
      connection.controller.abort();
    });
  });

  function receive(connection, data) {
    connection.heardAt = performance.now();
    connection.hasSpoken = true;
    if (++connection.queued >= MAX_QUEUED) connection.socket.pause();
    connection.last = connection.last
      .then(() => handle(connection, data))
      .catch(() => connection.socket.close(1011))
      .finally(() => {
        if (connection.queued-- === MAX_QUEUED) connection.socket.resume();
      });
  }

  async function handle(connection, data) {
    const { socket, ipAddress, controller, session } = connection;
    if (socket.readyState !== socket.OPEN) return;
    const message = parse(data);
    const isOwn = session && typeof message === 'object' && message !== null && !('user_secret' in message);
    if (isOwn) return onMessage(message, session);

    const response = await init(message, { ipAddress, signal: controller.signal });
    deliver(connection, response);
    const isMalformed = response.data instanceof FailedSessionInitInfo && response.data.code === 'malformed_request';
    connection.malformed = isMalformed ? connection.malformed + 1 : 0;
    if (connection.malformed === MAX_MALFORMED) socket.close(1008);
  }

  function deliver(connection, response) {
    const { socket } = connection;
    const takeBack = () => response.success && sessionManager.remove(response.data.session_id).catch(() => {});
    if (socket.readyState !== socket.OPEN) return takeBack();
    if (socket.bufferedAmount > MAX_BUFFERED_BYTES) {
      socket.close(1008);
      return takeBack();
    }
    if (response.success) connection.session = response.data;
    return socket.send(encodeSessionInitResponse(response), (error) => error && takeBack());
  }

  function watch() {
    const now = performance.now();
    for (const connection of connections) {
      const { socket, heardAt, hasSpoken, awaitsPong } = connection;
      if (awaitsPong) socket.terminate();
      else if (!hasSpoken && now - heardAt > GREETING_TIMEOUT) socket.close(1008);
      else if (now - heardAt > IDLE_TIMEOUT) socket.close(1000);
      else if (now - heardAt > PING_INTERVAL) {
        connection.awaitsPong = true;
        socket.ping();
      }
      verify(connection).catch(() => {});
    }
  }

  async function verify({ socket, session }) {
    if (session === undefined || (await sessionManager.findById(session.session_id)) !== undefined) return;
    socket.send(JSON.stringify({ event: 'session_ended', session_id: session.session_id, cause: 'expired' }));
    socket.close(4001);
  }

  setInterval(watch, CHECK_INTERVAL);
  return new Promise((resolve) => server.on('listening', () => resolve(server.address().port)));
}

function parse(data) {
  try {
    return JSON.parse(data.toString());
  } catch {
    return undefined;
  }
}
