import { encodeSessionInitResponse } from '../../index.js';
import type { MakeTransport } from '../transport-contract/stage.js';

/** The orchestrator without anything before it. */
export const callDirectly: MakeTransport = (orchestrator) => ({
  async connect() {
    const caller = new AbortController();
    return {
      async ask(request) {
        const options = { ipAddress: '192.0.2.1', signal: caller.signal };
        return encodeSessionInitResponse(await orchestrator.init(JSON.parse(String(request)), options));
      },
      leave: () => caller.abort(),
    };
  },
  drain: async () => {},
  close: async () => {},
});
