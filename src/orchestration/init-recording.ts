import { machineHash } from '../machines/machine-hash.js';
import type { SessionInitResult } from '../machines/run-session-init.js';
import type { SessionInitMachine } from '../machines/session-init.js';
import { encodeSessionInitResponse } from '../model/encode-response.js';
import { FailedSessionInitInfo } from '../model/failed-session-init-info.js';
import { type InitRecording, RECORDING_VERSION } from '../model/init-recording.js';
import { MalformedSessionInitMessage } from '../model/session-init-message.js';
import type { SessionInitResponse } from '../model/session-init-response.js';
import type { InitOrigin } from './init-record.js';
import { recordInputs } from './record-inputs.js';

/** What a recording needs beside the result of an init. */
export interface RecordingOrigin extends InitOrigin {
  deadlines: InitRecording['deadlines'];
  /** In milliseconds since the epoch. */
  endedAt: number;
}

/** Makes recordings of the inits of one machine. */
export function initRecorder(machine: SessionInitMachine) {
  let hash: string | undefined;
  return (origin: RecordingOrigin, result: SessionInitResult): InitRecording => {
    hash ??= machineHash(machine);
    const { response, steps, context } = result;
    const { request } = context ?? {};
    const problem = request instanceof MalformedSessionInitMessage ? request.problem : undefined;
    const failTime = response.data instanceof FailedSessionInitInfo ? response.data.fail_time : undefined;
    return {
      format: 'session-init/recording',
      version: RECORDING_VERSION,
      machine: { id: machine.id, hash },
      request: {
        username: request?.username ?? '',
        ipAddress: context?.ipAddress ?? '',
        ...(problem !== undefined && { problem }),
      },
      referenceId: origin.referenceId,
      deadlines: { ...origin.deadlines },
      startedAt: origin.startedAt,
      answeredAt: failTime?.getTime() ?? origin.endedAt,
      inputs: recordInputs(result),
      steps: steps.map((step) => ({ ...step })),
      response: withoutSecret(response),
    };
  };
}

function withoutSecret(response: SessionInitResponse): InitRecording['response'] {
  const encoded = JSON.parse(encodeSessionInitResponse(response));
  delete encoded.data.session_secret;
  return encoded;
}
