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
const MAX_UNCONFIRMED = 1_000;
const ABNORMAL = 1006;

/**
 * A bare `ws` server that does by hand what the transport does: one connection, many messages, answered in order; a
 * connection is bound to its session and closed when that has ended; malformed, silent, slow and dead clients are closed.
 * A ping goes behind each session, and one whose client is lost before the pong is removed, for it may never have come.
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
      stream: request.socket,
      ipAddress: request.socket.remoteAddress,
      controller: new AbortController(),
      openedAt: now,
      heardAt: now,
      hasSpoken: false,
      awaitsPong: false,
      hasFailed: false,
      queued: 0,
      malformed: 0,
      session: undefined,
      answers: 0,
      unconfirmed: new Map(),
      last: Promise.resolve(),
    };
    connections.add(connection);
    socket.on('message', (data) => receive(connection, data));
    socket.on('pong', (data) => {
      connection.awaitsPong = false;
      confirm(connection, data.toString());
    });
    socket.on('error', () => {
      connection.hasFailed = true;
    });
    socket.on('close', (code) => {
      connections.delete(connection);
      if (code === ABNORMAL || connection.hasFailed) {
        for (const mark of connection.unconfirmed.keys()) takeBack(connection, mark);
      }
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
    const { socket, stream } = connection;
    const isTooLate = socket.readyState !== socket.OPEN;
    const isStalled = socket.bufferedAmount > MAX_BUFFERED_BYTES;
    if (!response.success) {
      if (isStalled) socket.close(1008);
      else if (!isTooLate) socket.send(encodeSessionInitResponse(response));
      return;
    }
    const mark = String(++connection.answers);
    connection.unconfirmed.delete(String(connection.answers - MAX_UNCONFIRMED));
    connection.unconfirmed.set(mark, response.data);
    if (isTooLate || isStalled) {
      if (isStalled) socket.close(1008);
      takeBack(connection, mark);
      return;
    }
    connection.session = response.data;
    stream.cork();
    socket.send(encodeSessionInitResponse(response), (error) => {
      if (error || stream.destroyed) takeBack(connection, mark);
    });
    socket.ping(mark);
    stream.uncork();
  }

  function confirm({ unconfirmed }, confirmed) {
    if (!unconfirmed.has(confirmed)) return;
    for (const mark of unconfirmed.keys()) {
      unconfirmed.delete(mark);
      if (mark === confirmed) return;
    }
  }

  function takeBack({ unconfirmed }, mark) {
    const session = unconfirmed.get(mark);
    unconfirmed.delete(mark);
    if (session !== undefined) sessionManager.remove(session.session_id).catch(() => {});
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
