export {
  type ContractCase,
  type ContractManagerOptions,
  type MakeManager,
  type SessionManagerContractOptions,
  sessionManagerContract,
} from './session-manager-contract.js';
export { type SimulatedClock, type SimulatedClockOptions, simulatedClock } from './simulated-clock.js';
