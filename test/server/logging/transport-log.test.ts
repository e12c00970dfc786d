import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { ConfigurationError } from '../../../src/index.js';
import { transportLog } from '../../../src/server/logging/transport-log.js';
import { usersFileLog } from '../../../src/server/logging/users-file-log.js';
import type { WebSocketTransportEvent } from '../../../src/transports/websocket.js';
import { type LogFile, openLogFile } from '../../support/log-file.js';

let log: LogFile;
beforeEach(async () => {
  log = await openLogFile({ level: 'trace', format: 'json' });
});
afterEach(() => log.close());

const about = { connectionId: 'c', ipAddress: '192.0.2.1' };
const withdrawn = { type: 'session.withdrawn', sessionId: 7, user: 'eve\n', attempts: 2 } as const;

describe('the log of a transport', () => {
  test.each<[WebSocketTransportEvent, Record<string, unknown>]>([
    [
      { type: 'connection.opened', ...about },
      { level: 'debug', event: 'connection_opened', connection_id: 'c', address: '192.0.2.1' },
    ],
    [
      { type: 'connection.bound', ...about, sessionId: 7, user: 'eve\n' },
      { level: 'debug', event: 'connection_bound', session_id: 7, user: 'eve\\u{a}' },
    ],
    [
      { type: 'connection.closed', ...about, code: 1008, reason: 'bye\u001b[2K\n' },
      { level: 'debug', event: 'connection_closed', code: 1008, reason: 'bye\\u{1b}[2K\\u{a}' },
    ],
    [
      { type: 'handshake.refused', ipAddress: '192.0.2.1', status: 403, cause: 'origin' },
      { level: 'info', event: 'handshake_refused', status: 403, cause: 'origin' },
    ],
    [
      { type: 'message.rejected', ...about, problem: 'username must be a string.' },
      { level: 'debug', event: 'message_rejected', problem: 'username must be a string.' },
    ],
    [
      { ...withdrawn, outcome: 'removed' },
      { level: 'warn', event: 'session_withdrawn', session_id: 7, user: 'eve\\u{a}', outcome: 'removed' },
    ],
    [
      { ...withdrawn, outcome: 'abandoned', cause: new Error('busy\n') },
      { level: 'error', event: 'session_withdrawn', cause: 'Error: busy\\u{a}' },
    ],
    [
      { type: 'handler.failed', ...about, sessionId: 7, referenceId: 'r', cause: { secret: 'marked-user-secret-1' } },
      { level: 'error', event: 'sys_fault', session_id: 7, reference_id: 'r', cause: 'a thrown object' },
    ],
    [
      { type: 'fault.reported', source: 'server', cause: new Error('gone') },
      { level: 'error', event: 'sys_fault', source: 'server', cause: 'Error: gone' },
    ],
  ])('ASVS 16.4.1: has one line for %j', (event, expected) => {
    transportLog(log.logger)(event);
    expect(log.lines()).toEqual([expect.objectContaining(expected)]);
    expect(log.text()).not.toContain('marked');
  });
});

describe('the log of a users file', () => {
  test('tells what was taken, what was refused and who has a weak hash', () => {
    const { onReload, onReloadError, onWeakHash } = usersFileLog('/data/users.json', log.logger);
    onReload({ users: 2, weakHashes: 1, exposed: true });
    onReloadError(Object.assign(new Error('line 2:\nbroken'), { code: 'invalid_configuration' }));
    onWeakHash({ user: 'eve\u2028', scheme: 'sha1' });
    expect(log.lines()).toEqual([
      expect.objectContaining({ level: 'info', event: 'users_file_loaded', users: 2, weak_hashes: 1 }),
      expect.objectContaining({ level: 'warn', event: 'users_file_exposed', file: '/data/users.json' }),
      expect.objectContaining({
        level: 'error',
        event: 'users_file_refused',
        msg: 'The users file cannot be taken. The last good one stays in force.',
        cause: 'Error (invalid_configuration): line 2:\\u{a}broken',
      }),
      expect.objectContaining({ level: 'warn', event: 'weak_hash', user: 'eve\\u{2028}', scheme: 'sha1' }),
    ]);
  });

  test('does not speak of a last good one before there was any', () => {
    usersFileLog('/data/users.json', log.logger).onReloadError(new ConfigurationError('It is broken.'));
    expect(log.lines()).toEqual([expect.objectContaining({ msg: 'The users file cannot be taken.' })]);
  });
});
