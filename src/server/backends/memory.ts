import * as z from 'zod';
import { memorySessionManager } from '../../index.js';
import { sessionLifetime } from './session-lifetime.js';
import { storeBackend } from './store-backend.js';

export const memoryBackend = storeBackend({
  schema: z.strictObject({ type: z.literal('memory'), ...sessionLifetime }),
  make: ({ type: _, ...settings }, { clock }) => ({ sessionManager: memorySessionManager({ ...settings, clock }) }),
});
