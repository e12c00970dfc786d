import { script } from './script.js';

/** The time of the server that keeps a key. */
export const TIME = script(
  1,
  `
local time = redis.call('TIME')
return time[1] * 1000 + math.floor(time[2] / 1000)
`,
);
