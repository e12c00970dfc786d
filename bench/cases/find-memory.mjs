import { randomBytes } from 'node:crypto';
import {
  allowAllAuthorizer,
  createSessionOrchestrator,
  memorySessionManager,
  Secret,
  staticAuthenticator,
} from '../../dist/index.js';
import { sessionMapByHand } from '../by-hand/session-map.mjs';
import { lookUps, sampleOf, storeSizes } from '../support/look-ups.mjs';

export { scaling } from '../support/look-ups.mjs';
export const variants = ['by hand', 'manager', 'orchestrator'];
export const unit = 'us';

/** Look-ups by secret: in a bare Map, in the memory session manager, and there by way of the orchestrator. */
export async function createVariant(variant, effort) {
  const workloads = {};
  for (const [name, size] of Object.entries(storeSizes(effort))) {
    const { secrets, find } = variant === 'by hand' ? fillMap(size) : await fillManager(variant, size);
    const sample = sampleOf(size).map((index) => secrets[index]);
    workloads[name] = await lookUps(effort.milliseconds, sample, find);
  }
  return { workloads };
}

function fillMap(size) {
  const sessions = sessionMapByHand();
  const now = Date.now();
  const secrets = Array.from({ length: size }, (_, index) => {
    const secret = randomBytes(32).toString('hex');
    sessions.add(secret, { id: index + 1, user: `user-${index}`, created: now, lastAccessed: now });
    return secret;
  });
  return { secrets, find: sessions.find };
}

async function fillManager(variant, size) {
  const sessionManager = memorySessionManager();
  const secrets = [];
  for (let index = 0; index < size; index++) {
    const { session } = await sessionManager.create({ user: `user-${index}`, ipAddress: '127.0.0.1' });
    secrets.push(session.session_secret.reveal());
  }
  if (variant === 'manager') return { secrets, find: (secret) => sessionManager.findBySecret(new Secret(secret)) };
  const authenticator = staticAuthenticator({ users: {} });
  const orchestrator = createSessionOrchestrator({ authenticator, authorizer: allowAllAuthorizer(), sessionManager });
  return { secrets, find: orchestrator.findBySecret };
}
