import { and, not, setup } from 'xstate';

/** Text that means something in every format, were it not escaped. */
export const HOSTILE =
  '"]}--> x; %% {{<b onclick="alert(1)">&amp;\n`#quot; \\" \u0007 \u202e ::: \'style\' </text><script>';

/** A machine that has what ours have not: states in states, parallel ones, a history, and names that are hard to write. */
export const playerMachine = setup({
  guards: { isSeekable: () => true, isLive: () => false, isOver: () => false },
  actions: { log: () => {}, show: () => {} },
  delays: { sleepTimeout: () => 1_000, hideTimeout: 1_500 },
}).createMachine({
  id: 'player',
  description: 'Plays <b>music</b>.',
  initial: 'stopped',
  on: { 'power.off': '.off', '*': { actions: 'log' } },
  states: {
    stopped: {
      description: HOSTILE,
      entry: ['log', ({ context }) => context],
      on: {
        play: 'active',
        reset: { target: 'stopped', reenter: true },
        [HOSTILE]: { target: 'end', description: 'Odd.' },
      },
      after: { sleepTimeout: 'off' },
    },
    active: {
      type: 'parallel',
      on: { pause: 'paused' },
      onDone: 'stopped',
      after: { hideTimeout: { actions: 'show' } },
      states: {
        track: {
          initial: 'playing',
          states: {
            playing: {
              on: { seek: { guard: and(['isSeekable', not('isLive')]), target: 'playing', reenter: true } },
              after: { 3000: 'ended' },
            },
            ended: { type: 'final' },
          },
        },
        sound: {
          initial: 'on',
          states: {
            on: { on: { mute: { guard: () => true, target: 'muted' } } },
            muted: { on: { unmute: 'on' } },
            last: { type: 'history', history: 'deep', target: 'muted' },
            recent: { type: 'history' },
          },
        },
      },
    },
    paused: {
      always: { guard: 'isOver', target: 'done' },
      on: {
        resume: 'active.sound.last',
        both: { target: ['#player.active.track.playing', '#player.active.sound.muted'] },
      },
    },
    end: { id: HOSTILE, on: { back: 'constructor' } },
    constructor: { on: { back: 'active.sound.recent' } },
    done: { type: 'final', tags: ['success'] },
    off: { type: 'final', tags: ['denial'] },
  },
});
