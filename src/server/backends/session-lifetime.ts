import * as z from 'zod';
import { count, milliseconds } from '../settings.js';

/** What every session manager has. Nodes that share their sessions have the same. */
export const sessionLifetime = {
  idleTimeout: milliseconds(1_800_000, 'A session that was not used for so long has ended.'),
  absoluteLifetime: milliseconds(86_400_000, 'A session has ended so long after its creation, however it is used.'),
  maxSessionsPerUser: count(100, 'How many live sessions a user may have.'),
  limitPolicy: z
    .enum(['allow', 'reuse', 'evictOldest', 'refuse'])
    .default('evictOldest')
    .describe('What happens beyond that.'),
};

/** By whose clock the nodes go that share their sessions. */
export const timeFrom = z
  .enum(['store', 'clock'])
  .default('store')
  .describe("By whose time sessions live: the store's, the same for all nodes, or each node's own clock.");
