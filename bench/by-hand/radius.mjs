import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';

const RETRANSMIT_AFTER = 2_000;
const TRIES = 2;

/**
 * A user's name and secret verified over one socket, with both signatures of the answer. A request is sent again after two
 * seconds, and given up after four; 256 at once at most. No client on npm is kept up, so there is no package to compare with.
 */
export async function radiusByHand({ host, port, secret }) {
  const socket = createSocket('udp4');
  socket.connect(port, host);
  await once(socket, 'connect');
  const waiting = new Map();
  let next = 0;
  socket.on('message', (answer) => waiting.get(answer[1])?.(answer));

  return (username, password) => {
    const identifier = next++ % 256;
    const request = requestOf(identifier, username, password, secret);
    return new Promise((resolve, reject) => {
      let tries = 0;
      let timer;
      const end = () => {
        clearTimeout(timer);
        waiting.delete(identifier);
      };
      const send = () => {
        if (tries++ === TRIES) {
          end();
          return reject(new Error('The server does not answer.'));
        }
        timer = setTimeout(send, RETRANSMIT_AFTER);
        socket.send(request);
      };
      waiting.set(identifier, (answer) => {
        if (!isGenuine(answer, request, secret)) return;
        end();
        resolve(answer[0] === 2 ? username : undefined);
      });
      send();
    });
  };
}

function requestOf(identifier, username, password, secret) {
  const authenticator = randomBytes(16);
  const body = Buffer.concat([
    attribute(80, Buffer.alloc(16)),
    attribute(1, Buffer.from(username)),
    attribute(2, hidden(Buffer.from(password), secret, authenticator)),
    attribute(32, Buffer.from('bench')),
  ]);
  const request = Buffer.concat([Buffer.from([1, identifier, 0, 0]), authenticator, body]);
  request.writeUInt16BE(request.length, 2);
  createHmac('md5', secret).update(request).digest().copy(request, 22);
  return request;
}

function attribute(type, value) {
  return Buffer.concat([Buffer.from([type, value.length + 2]), value]);
}

function hidden(password, secret, authenticator) {
  const padded = Buffer.alloc(Math.ceil(password.length / 16) * 16);
  password.copy(padded);
  let before = authenticator;
  for (let at = 0; at < padded.length; at += 16) {
    const mask = createHash('md5').update(secret).update(before).digest();
    for (let index = 0; index < 16; index++) padded[at + index] ^= mask[index];
    before = padded.subarray(at, at + 16);
  }
  return padded;
}

function isGenuine(answer, request, secret) {
  const signed = Buffer.from(answer);
  request.copy(signed, 4, 4, 20);
  const expected = createHash('md5').update(signed).update(secret).digest();
  if (!timingSafeEqual(expected, answer.subarray(4, 20))) return false;
  for (let at = 20; at < answer.length; at += answer[at + 1]) {
    if (answer[at] !== 80) continue;
    signed.fill(0, at + 2, at + 18);
    return timingSafeEqual(createHmac('md5', secret).update(signed).digest(), answer.subarray(at + 2, at + 18));
  }
  return false;
}
