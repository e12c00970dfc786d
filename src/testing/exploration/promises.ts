import { FailedSessionInitInfo, FullAuthSession, TERMINAL_STATES } from '../../index.js';
import { BACKEND_TEXT } from './gated-backends.js';
import { reasonIsSound } from './reason.js';
import { BACKENDS, type BackendName } from './script.js';
import { type InitStory, isUnanswered } from './story.js';
import { textOf } from './text-of.js';
import { DEADLINES, type World } from './world.js';

const PHASES: Record<BackendName, number> = {
  authenticator: DEADLINES.authentication,
  authorizer: DEADLINES.authorization,
  'session manager': DEADLINES.session,
};

/** What must hold whenever everything has come to rest (P1 and P8). */
export function checkAtRest(world: World): void {
  const now = world.clock.monotonic();
  const { drain } = world;
  let inFlight = 0;
  const waiting: InitStory[] = [];
  for (const story of world.unanswered) {
    const { name, startedAt, asked } = story;
    if (now >= startedAt + DEADLINES.request) world.broken('P1', `${name} has no answer at its request deadline`);
    if (story.hasLeft) world.broken('P1', `${name} has no answer, though its caller has left`);
    if (drain !== undefined && now >= drain.startedAt + drain.deadline) {
      world.broken('P1', `${name} has no answer, though the drain is over`);
    }
    if (asked.authenticator === undefined) {
      waiting.push(story);
      if (now >= startedAt + DEADLINES.admission) world.broken('P1', `${name} waits beyond the admission deadline`);
      continue;
    }
    inFlight++;
    const backend = BACKENDS.findLast((it) => asked[it] !== undefined) as BackendName;
    if (world.callOf(name, backend) === undefined) {
      world.broken('P1', `the ${backend} has answered ${name}, and nothing comes of it`);
    }
    if (now >= (asked[backend] ?? now) + PHASES[backend]) {
      world.broken('P1', `the ${backend} is waited for beyond its deadline for ${name}`);
    }
  }
  const { maxInFlight, maxFailures } = world.setting;
  if (inFlight > maxInFlight) world.broken('P8', `${inFlight} inits are with the backends, and ${maxInFlight} may be`);
  if (maxFailures === 0 && waiting.length > 0 && inFlight < maxInFlight) {
    world.broken('P8', `${waiting[0]?.name} waits, though there is a place`);
  }
}

/** What must hold when the run is over, of each init and of all together. */
export function checkAtTheEnd(world: World): void {
  for (const story of world.stories.values()) checkInit(world, story);
  if (world.records.length !== world.stories.size) {
    world.broken('P1', `${world.records.length} inits are on record, and ${world.stories.size} were asked for`);
  }
  checkGuesses(world);
  checkLeaks(world);
}

function checkInit(world: World, story: InitStory): void {
  const { name, responses, records } = story;
  const [response] = responses;
  const [record] = records;
  if (response === undefined || record === undefined || records.length !== 1) {
    world.broken('P1', `${name} has ${responses.length} answers, and its audit ${records.length}`);
    return;
  }
  if (record.duration > DEADLINES.request) world.broken('P1', `${name} was answered after ${record.duration} ms`);
  const { data, success } = response;
  const { reason } = TERMINAL_STATES[record.state];
  const said = data instanceof FailedSessionInitInfo ? data.reason : undefined;
  if (said !== reason || record.reason !== reason || success !== (reason === undefined)) {
    world.broken('P4', `${name} ended in ${record.state}, and was told ${success ? 'success' : said}`);
  }
  if (
    success &&
    (!(data instanceof FullAuthSession) || data.session_id !== story.created?.id || data.user !== story.user)
  ) {
    world.broken('P3', `${name} was given a session that is not its own`);
  }
  if (data instanceof FailedSessionInitInfo && (data.user !== story.user || data.reference_id !== record.referenceId)) {
    world.broken('P4', `${name} was told of another init`);
  }
  if (story.startedWhileDraining && story.asked.authenticator !== undefined) {
    world.broken('P8', `${name} came while the service was draining, and was let in`);
  }
  const problem = reasonIsSound(story, record, world);
  if (problem !== undefined) world.broken(problem.promise, problem.says);
}

/**
 * Counts guesses as the throttle must (P8, P7): denied attempts since the latest success lock an account at their limit,
 * and nothing else does.
 */
function checkGuesses(world: World): void {
  const { maxFailures } = world.setting;
  if (maxFailures === 0) return;
  const denied = new Map<string, number>();
  let fromAddress = 0;
  for (const record of world.records) {
    const { username, state, code } = record;
    const soFar = denied.get(username) ?? 0;
    if (record.user !== undefined) denied.set(username, 0);
    else if (state === 'authenticationDenied') {
      denied.set(username, soFar + 1);
      fromAddress++;
      if (soFar + 1 > maxFailures)
        world.broken('P8', `${username} was guessed at ${soFar + 1} times, of ${maxFailures}`);
      if (fromAddress > maxFailures + 1) world.broken('P8', `${fromAddress} guesses came from one address`);
    } else if (code === 'locked' && soFar < maxFailures) {
      world.broken('P7', `${username} is locked after ${soFar} denied attempts, of ${maxFailures}`);
    } else if (code === 'throttled' && fromAddress < maxFailures + 1) {
      world.broken('P7', `an address is refused after ${fromAddress} denied attempts, of ${maxFailures + 1}`);
    }
  }
}

/** P5: no secret in whatever is told, and no text of a backend in what goes to a client. */
function checkLeaks(world: World): void {
  const stories = [...world.stories.values()];
  const told = textOf([world.records, world.orphans, world.faults, world.ended, stories.map((it) => it.responses)]);
  if (told.includes('marked-user-secret')) world.broken('P5', "a user's secret is in what is told");
  for (const { name, created } of stories) {
    if (created?.secret !== undefined && told.includes(created.secret.reveal())) {
      world.broken('P5', `the secret of the session of ${name} is in what is told`);
    }
  }
  if (stories.some(({ responses }) => textOf(responses).includes(BACKEND_TEXT))) {
    world.broken('P5', 'the text of a backend is in what a client gets');
  }
}

/** P2: the sessions that live are those that somebody was told of, and nobody's was taken away. */
export async function checkSessions(world: World): Promise<void> {
  const { book, store, setting, orphans } = world;
  const live = (await store.listByUser(undefined)).map(({ session_id }) => session_id).sort((a, b) => a - b);
  // A session that was created for nobody can be handed on in the very moment of its removal.
  const wasRemovedAsOrphan = (id: number) =>
    setting.limitPolicy === 'reuse' && orphans.some((it) => it.sessionId === id && it.outcome === 'removed');
  const holders = live.map((id) => book.holderOf(id));
  for (const [index, holder] of holders.entries()) {
    const wasTold = holder?.responses[0]?.success === true;
    if (!wasTold)
      world.broken('P2', `session ${live[index]} lives, and ${holder?.name ?? 'nobody'} was not told of it`);
  }
  for (const story of world.stories.values()) {
    const { created, responses, name } = story;
    if (created === undefined || responses[0]?.success !== true || book.holderOf(created.id) !== story) continue;
    if (book.evicted.includes(created.id) || wasRemovedAsOrphan(created.id)) continue;
    if (!live.includes(created.id)) world.broken('P2', `${name} was told of session ${created.id}, which is gone`);
    else if (created.secret !== undefined && (await store.findBySecret(created.secret)) === undefined) {
      world.broken('P2', `the secret that ${name} was given does not open its session`);
    }
  }
  if (String(live) !== String(book.live)) {
    world.broken('P8', `the sessions ${live.join(', ')} live, and ${book.live.join(', ')} must`);
  }
  const evicted = world.ended.flatMap(({ sessionId, cause }) => (cause === 'evicted' ? [sessionId] : []));
  if (String(evicted.sort()) !== String([...book.evicted].sort())) {
    world.broken('P8', `the sessions ${book.evicted.join(', ')} had to go, and ${evicted.join(', ')} were told of`);
  }
}

/** That nothing is left behind: see `run.ts`. */
export function checkNothingIsLeft(world: World, probes: readonly string[]): void {
  for (const name of probes) {
    const story = world.stories.get(name) as InitStory;
    if (isUnanswered(story)) world.broken('P1', `${name} has no answer, though the drain is over`);
  }
  if (world.clock.pending > 0) world.broken('P1', `${world.clock.pending} timers are left behind`);
}
