import { nanoid } from 'nanoid';
import {
  DEFAULT_DEADLINES,
  decodeSessionInitMessage,
  FAILURE_CODES,
  FailedSessionInitInfo,
  MalformedSessionInitMessage,
  OverloadedError,
  SessionInitResponse,
} from '../../dist/index.js';
import { normalizeIpAddress } from '../../dist/model/ip-address.js';
import { isEstablishable } from '../../dist/model/session.js';
import { createGate } from './gate.mjs';
import { attemptLimits } from './limits.mjs';
import { overloaded, PHASES, Refusal } from './refusal.mjs';

const REMOVAL_WAITS = [100, 200, 400, 800, 1_600, 3_200, 6_400, 12_800, 25_600];

/**
 * What a good engineer writes who wants the same without a state machine: one async function, from a message to exactly
 * one response. It keeps to the same deadlines, bounds and throttles, aborts what nobody waits for, removes a session
 * that comes too late, and hands out an audit record. It falls short in one thing: who finds no room, or has more
 * attempts under way than may still fail, is refused at once, where the orchestrator lets him wait.
 */
export function initByHand(options) {
  const { authenticator, authorizer, sessionManager, deadlines = DEFAULT_DEADLINES, onResponse } = options;
  const gate = createGate(options.maxInFlight ?? 1024);

  async function removeOrphan({ session_id }) {
    for (const wait of REMOVAL_WAITS) {
      try {
        await sessionManager.remove(session_id);
        return;
      } catch {
        await new Promise((resolve) => setTimeout(resolve, wait));
      }
    }
  }

  return async function init(message, { ipAddress: givenAddress, signal }) {
    const referenceId = nanoid();
    const startedAt = Date.now();
    const begun = performance.now();
    const limits = attemptLimits(deadlines.request, signal);
    const request = decodeSessionInitMessage(message);
    const { username } = request;
    const ipAddress = normalizeIpAddress(givenAddress);
    const phases = {};
    let state = 'authorized';
    let hasEntered = false;
    let isOver = false;
    let user;
    let session;
    let response;
    let cause;

    async function phase(name, run) {
      const phaseBegun = performance.now();
      try {
        return await limits.phase(deadlines[name], PHASES[name].timedOut, run);
      } catch (error) {
        if (error instanceof Refusal) throw error;
        throw error instanceof OverloadedError ? overloaded(error) : PHASES[name].failed(error);
      } finally {
        phases[name] = performance.now() - phaseBegun;
      }
    }

    try {
      if (request instanceof MalformedSessionInitMessage) {
        throw new Refusal('refused', 'OTHER', 'malformed_request', { details: request.problem });
      }
      if (ipAddress === undefined) throw new TypeError('init() got no valid ipAddress.');
      await phase('admission', () => gate.enter(username, ipAddress));
      hasEntered = true;

      const authentication = await phase('authentication', (signal) =>
        authenticator.authenticate({ username, secret: request.user_secret, ipAddress }, { signal }),
      );
      if (authentication?.outcome === 'denied') {
        const { cause } = authentication;
        throw new Refusal('authenticationDenied', 'AUTHENTICATION_DENIED', 'authentication_denied', { cause });
      }
      if (authentication?.outcome !== 'authenticated' || typeof authentication.user !== 'string') {
        throw PHASES.authentication.failed();
      }
      user = authentication.user;

      const authorization = await phase('authorization', (signal) => authorizer.authorize(authentication, { signal }));
      if (authorization?.outcome === 'denied') {
        const { cause } = authorization;
        throw new Refusal('notAuthorized', 'USER_NOT_AUTHORIZED', 'user_not_authorized', { cause });
      }
      if (authorization?.outcome !== 'authorized') throw PHASES.authorization.failed();

      const creation = await phase('session', async (signal) => {
        const creation = await sessionManager.create({ user, ipAddress }, { signal });
        session = creation?.session;
        if (isOver && session) removeOrphan(session);
        return creation;
      });
      if (creation?.outcome === 'limitReached') throw new Refusal('refused', 'OTHER', 'session_limit');
      if (creation?.outcome !== 'created' || !isEstablishable(session) || session.user !== user) {
        throw new Refusal('sessionDetailsMissing', 'SESSION_DETAILS_MISSING', 'session_details_missing');
      }
      response = new SessionInitResponse({ success: true, reason: 'Successful Auth', data: session });
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal('failedUnexpectedly', 'UNKNOWN', 'unknown');
      ({ state, cause = error } = refusal);
      if (session) removeOrphan(session);
      response = failure(refusal, username, referenceId);
    } finally {
      isOver = true;
      limits.end();
      if (hasEntered) gate.leave(username, ipAddress, state).catch(() => {});
    }

    const { data } = response;
    onResponse?.(response, {
      referenceId,
      state,
      reason: data.reason,
      code: data.code,
      username,
      user,
      ipAddress: ipAddress ?? givenAddress,
      sessionId: data.session_id,
      startedAt,
      duration: performance.now() - begun,
      phases,
      cause,
    });
    return response;
  };
}

function failure({ reason, code, details = FAILURE_CODES[code], retryAfter }, user, referenceId) {
  return new SessionInitResponse({
    success: false,
    reason: 'Failed Auth',
    message: details,
    data: new FailedSessionInitInfo({
      user,
      reason,
      fail_time: new Date(),
      details,
      code,
      reference_id: referenceId,
      retry_after: retryAfter,
    }),
  });
}
