import type { InitRecord } from '../../index.js';
import type { Heard, InitStory, Violation } from './story.js';
import { DEADLINES, type World } from './world.js';

/** What must have happened for an init to end as it did. Without it, the reason is not the one (P4, P7). */
export function reasonIsSound(story: InitStory, record: InitRecord, world: World): Violation | undefined {
  const { name } = story;
  const { state, code = 'none' } = record;
  const { authenticator, authorizer, 'session manager': manager } = story.heard;
  const expect = (isSound: boolean, promise: string, says: string) => (isSound ? undefined : { promise, says });
  const lacks = (what: string) => `${name} ended in ${state} (code ${code}), and ${what}`;
  switch (state) {
    case 'authorized':
      return expect(
        authenticator === 'yes' && authorizer === 'yes' && manager === 'yes',
        'P3',
        lacks('not every backend said yes'),
      );
    case 'authenticationDenied':
      return expect(authenticator === 'no', 'P7', lacks('the authenticator did not say no'));
    case 'notAuthorized':
      return expect(authorizer === 'no', 'P7', lacks('the authorizer did not say no'));
    case 'authenticationSystemFailed':
      return expect(isFault(authenticator), 'P7', lacks('the authenticator did not fail'));
    case 'authAttemptTimedOut':
      return expect(
        tookTooLong(record, 'authenticating', DEADLINES.authentication) ||
          tookTooLong(record, 'authorizing', DEADLINES.authorization),
        'P4',
        lacks('no deadline had passed'),
      );
    case 'requestTimedOut':
      return expect(record.duration >= DEADLINES.request, 'P4', lacks('its deadline had not passed'));
    case 'sessionManagerFailed':
      return expect(
        manager === 'fault' || tookTooLong(record, 'establishing', DEADLINES.session),
        'P4',
        lacks('the session manager neither failed nor was late'),
      );
    case 'sessionDetailsMissing':
      return expect(manager === 'garbage', 'P4', lacks('the session manager did not answer garbage'));
    case 'failedUnexpectedly':
      return { promise: 'P4', says: lacks('there was no defect') };
    case 'refused':
      return expect(refusalIsSound(code, story, record, world), 'P4', lacks('nothing of the kind had happened'));
  }
}

function refusalIsSound(code: string, story: InitStory, record: InitRecord, world: World): boolean {
  const { heard } = story;
  switch (code) {
    case 'cancelled':
      return story.hasLeft;
    case 'draining':
      return world.drain !== undefined;
    case 'authorizer_failed':
      return isFault(heard.authorizer);
    case 'session_limit':
      return heard['session manager'] === 'no';
    case 'overloaded':
      return (
        Object.values(heard).includes('overload') ||
        tookTooLong(record, 'admitting', DEADLINES.admission) ||
        world.stories.size > world.setting.maxInFlight + world.setting.maxQueued
      );
    case 'locked':
    case 'throttled':
      // Whether with reason is a question of all records: see `checkGuesses`.
      return world.setting.maxFailures > 0;
    default:
      return false;
  }
}

function isFault(heard: Heard | undefined): boolean {
  return heard === 'fault' || heard === 'garbage';
}

function tookTooLong({ phases }: InitRecord, state: string, deadline: number): boolean {
  return (phases[state] ?? 0) >= deadline;
}
