export { type CachedAuthenticator, type CacheOptions, cached } from './cached.js';
export { neverReached } from './never-reached.js';
export type { BreakerChange, BreakerOptions, ResilienceOptions } from './resilience-options.js';
export { type Resilient, resilient } from './resilient.js';
