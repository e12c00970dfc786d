import { FullAuthSession } from 'session-init';

/** A service under test: it hands out notes to whoever gets a session, and says when it is worth to come again. */
export function notesService(orchestrator) {
  const notes = new Map();
  return {
    async logIn(credentials, ipAddress) {
      const { data } = await orchestrator.init(credentials, { ipAddress });
      if (data instanceof FullAuthSession) return { session: data, notes: notes.get(data.user) ?? [] };
      if (data.reason === 'AUTHENTICATION_DENIED') return { say: 'Unknown user, or wrong secret.' };
      return { say: 'Not now.', tryAgainIn: data.retry_after ?? 30 };
    },
    async add(sessionSecret, note) {
      const session = await orchestrator.findBySecret(sessionSecret);
      if (session === undefined) return false;
      notes.set(session.user, [...(notes.get(session.user) ?? []), note]);
      return true;
    },
  };
}
