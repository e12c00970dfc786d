import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Command, Option } from 'commander';
import type { AnyStateMachine } from 'xstate';
import type { LaidOutGraph } from '../graph/laid-out-graph.js';
import type { MachineGraph } from '../graph/machine-graph.js';
import type { OwnMachine } from '../graph/own-machines.js';
import { ConfigurationError } from '../model/errors.js';
import { print } from './terminal.js';

interface GraphOptions {
  format: 'mermaid' | 'svg' | 'dot' | 'json';
  overview?: true;
  output?: string;
  module?: string;
  export?: string;
}

const MACHINES: readonly OwnMachine[] = ['session-init', 'connection', 'client'];

/** `session-init graph`: prints a machine as a diagram. */
export function addGraphCommand(program: Command): void {
  program
    .command('graph')
    .description('print a machine as a diagram')
    .argument('[machine]', `${MACHINES.join(', ')} (default: session-init)`)
    .addOption(
      new Option('--format <format>', 'how it is written')
        .choices(['mermaid', 'svg', 'dot', 'json'])
        .default('mermaid'),
    )
    .option('--overview', 'the ends of each outcome as one state')
    .option('--output <file>', 'write to a file')
    .option('--module <file>', 'take a machine of your own, from a module')
    .option('--export <name>', 'with --module: the name under which it is exported (default: the only machine there)')
    .addHelpText(
      'after',
      `
Mermaid is shown by GitHub, dot is read by Graphviz, json is for programs. An svg of a machine of your own, or of an
overview, needs the package elkjs.

Examples:
  session-init graph
  session-init graph connection --format svg --output connection.svg
  session-init graph --module ./player.js --export playerMachine --format svg`,
    )
    .action(runGraph);
}

async function runGraph(machine: string | undefined, options: GraphOptions): Promise<void> {
  const text = await writeGraph(machine, options);
  if (options.output === undefined) return print(text.trimEnd());
  const file = options.output;
  await writeFile(file, text).catch((cause: NodeJS.ErrnoException) => {
    throw new ConfigurationError(`The diagram cannot be written to ${file} (${cause.code}).`, { cause });
  });
}

async function writeGraph(machine: string | undefined, options: GraphOptions): Promise<string> {
  const own = options.module === undefined ? ownMachine(machine ?? 'session-init') : undefined;
  if (own === undefined && machine !== undefined) {
    throw new ConfigurationError('Name a machine of session-init or a --module, not both.');
  }
  if (own !== undefined && options.export !== undefined) throw new ConfigurationError('--export needs a --module.');
  // What only this command needs is not loaded for the others.
  if (own !== undefined && options.format === 'svg' && !options.overview) {
    const { layoutOwnMachine } = await import('../graph/own-layouts.js');
    return drawn(await layoutOwnMachine(own));
  }
  const described = own === undefined ? await foreignGraph(options) : await ownGraph(own);
  const graph = options.overview ? (await import('../graph/summarize-graph.js')).summarizeGraph(described) : described;
  switch (options.format) {
    case 'mermaid':
      return (await import('../graph/write-mermaid.js')).writeMermaid(graph);
    case 'dot':
      return (await import('../graph/write-dot.js')).writeDot(graph);
    case 'json':
      return (await import('../graph/write-json.js')).writeJson(graph);
    case 'svg':
      return drawn(await (await import('../graph/layout-graph.js')).layoutGraph(graph));
  }
}

function ownMachine(name: string): OwnMachine {
  const known = MACHINES.find((it) => it === name);
  if (known !== undefined) return known;
  throw new ConfigurationError(
    `There is no machine ${JSON.stringify(name)}, but: ${MACHINES.join(', ')}. --module takes one of your own.`,
  );
}

async function ownGraph(name: OwnMachine): Promise<MachineGraph> {
  return (await import('../graph/own-machines.js')).describeOwnMachine(name);
}

async function drawn(layout: LaidOutGraph): Promise<string> {
  return (await import('../graph/write-svg.js')).writeSvg(layout);
}

/** A machine that somebody else's module exports. */
async function foreignGraph({ module = '', export: name }: GraphOptions): Promise<MachineGraph> {
  const file = resolve(module);
  const exported: Record<string, unknown> = await import(pathToFileURL(file).href).catch((cause: unknown) => {
    throw new ConfigurationError(`The module ${file} cannot be loaded: ${(cause as Error)?.message ?? cause}`, {
      cause,
    });
  });
  const machines = Object.entries(exported).filter(([, value]) => isMachine(value));
  const found = machines.filter(([key]) => name === undefined || key === name);
  const [only] = found;
  if (found.length !== 1 || only === undefined) {
    const names = machines.map(([key]) => key).join(', ') || 'none';
    const wanted = name === undefined ? 'not exactly one machine' : `no machine ${JSON.stringify(name)}`;
    throw new ConfigurationError(`${file} exports ${wanted}. Its machines: ${names}. --export names one.`);
  }
  const { describeMachine } = await import('../graph/describe-machine.js');
  return describeMachine(only[1] as AnyStateMachine);
}

/** By its shape: the module may have a copy of XState of its own. */
function isMachine(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return 'root' in value && 'implementations' in value && 'getInitialSnapshot' in value;
}
