import { fromPromise } from 'xstate';
import { encodeSessionInitMessage } from '../model/session-init-message.js';
import type { ClientConnection, ExchangeRequest } from './client.js';
import type { Answer } from './client-answer.js';

/** The actors that `clientMachine.provide({ actors })` needs. All that they do, they do on the connection in their input. */
export const clientActors = {
  connect: fromPromise<void, ClientConnection>(async ({ input }) => input.whenOpen()),

  exchange: fromPromise<Answer, ExchangeRequest>(async ({ input: { connection, request, escrow } }) => {
    const answer = await connection.exchange(encodeSessionInitMessage(request));
    // If the init has ended meanwhile, the escrow undoes it now; else whatever final state comes decides.
    if (answer.outcome === 'established' || answer.outcome === 'unusable') {
      escrow.deposit(() => connection.disown(answer));
    }
    return answer;
  }),
};
