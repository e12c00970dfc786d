export { type SimulatedClock, type SimulatedClockOptions, simulatedClock } from './simulated-clock.js';
