/** A secret as a session's may be, marked. */
export const SESSION_SECRET = 'c0ffee'.repeat(10).padEnd(64, '0');

/** A `FullAuthSession` on the wire. */
export const sessionOf = (user: string, session_id = 1) => ({
  session_id,
  session_secret: SESSION_SECRET,
  created: '2026-01-01T00:00:00.000Z',
  last_accessed: '2026-01-01T00:00:00.000Z',
  ip_address: '127.0.0.1',
  user,
});

/** The answer to an init that has succeeded, as a server sends it. */
export const success = (user: string, session_id = 1) => ({
  success: true,
  reason: 'Successful Auth',
  message: '',
  data: sessionOf(user, session_id),
});

/** The answer to an init that was denied, as a server sends it. */
export const denial = (user: string) => ({
  success: false,
  reason: 'Failed Auth',
  message: 'The user is unknown or the secret is wrong.',
  data: {
    user,
    reason: 'AUTHENTICATION_DENIED',
    fail_time: '2026-01-01T00:00:00.000Z',
    code: 'authentication_denied',
    reference_id: 'of-the-server',
  },
});
