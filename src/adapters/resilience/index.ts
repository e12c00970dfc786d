export type { BreakerChange, BreakerOptions } from './breaker-options.js';
export { type CachedAuthenticator, type CacheOptions, cached } from './cached.js';
export { neverReached } from './never-reached.js';
export { type ResilienceOptions, type Resilient, resilient } from './resilient.js';
