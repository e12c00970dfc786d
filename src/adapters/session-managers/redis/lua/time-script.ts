import { HEAD } from './parts.js';
import { KEYS_OF, script } from './script.js';

/** The time of the server that keeps a key. */
export const TIME = script(KEYS_OF.secret, HEAD, 'return time_here()');
