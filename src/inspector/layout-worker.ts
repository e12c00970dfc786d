import { parentPort, workerData } from 'node:worker_threads';
import { layoutGraph } from '../graph/layout-graph.js';

/*
 * Lays out one machine in a thread of its own: it takes some hundred milliseconds, in which the service that is inspected
 * must not stand still. Answers `undefined` if it cannot, which is so without the optional package elkjs.
 */
parentPort?.postMessage(await layoutGraph(workerData).catch(() => undefined));
