import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, jest } from '@jest/globals';
import { root } from './package-exports.js';

const MAIN = join(root, 'dist/cli/main.js');

/** A process takes its time to start, on a busy machine above all. */
jest.setTimeout(120_000);

const children = new Set<ChildProcess>();

/** What a test that fails leaves behind. */
afterAll(() => {
  for (const child of children) child.kill('SIGKILL');
});

/** How a command is run. */
export interface RunOptions {
  cwd?: string;
  /** What comes on the standard input. @defaultValue nothing */
  input?: string | Buffer;
  env?: Readonly<Record<string, string>>;
  /** A program, with its arguments, that runs it. */
  wrapper?: readonly string[];
}

/** What became of a command. */
export interface Finished {
  status: number | null;
  stdout: string;
  stderr: string;
}

/** A server that runs as a process of its own. */
export interface ServeProcess {
  readonly url: string;
  /** The secret of the user `demo`, if this was the first start. */
  readonly demoSecret: string | undefined;
  readonly pid: number;
  readonly finished: Promise<Finished>;
  stdout(): string;
  /** The lines of its log so far. */
  log(): Record<string, unknown>[];
  /** Resolves as soon as the log has a line with these fields. */
  logged(fields: Readonly<Record<string, unknown>>): Promise<Record<string, unknown>>;
  kill(signal: NodeJS.Signals): void;
}

/** Runs `session-init` from `dist` to its end. */
export function runCommand(args: readonly string[], options: RunOptions = {}): Promise<Finished> {
  const { finished, child } = start(args, options);
  child.stdin?.end(options.input ?? '');
  return finished;
}

/** Starts `session-init serve` on a free port, and waits until it listens. */
export async function startServe(args: readonly string[], options: RunOptions = {}): Promise<ServeProcess> {
  const { child, finished, output } = start(['serve', '--port', '0', ...args], options);
  const log = () =>
    output.stderr
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  await until(child, () => output.stdout.includes('Listening on'), output);
  return {
    url: /Listening on (\S+)/.exec(output.stdout)?.[1] as string,
    demoSecret: /once: (\S+)/.exec(output.stdout)?.[1],
    pid: child.pid as number,
    finished,
    stdout: () => output.stdout,
    log,
    async logged(fields) {
      const find = () => log().find((line) => Object.entries(fields).every(([name, value]) => line[name] === value));
      await until(child, () => find() !== undefined, output);
      return find() as Record<string, unknown>;
    },
    kill: (signal) => {
      child.kill(signal);
    },
  };
}

/** What every test sees of the environment, whoever runs it. */
function environment(): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(([name]) => !/^(SESSION_INIT_|NODE_OPTIONS$|FORCE_COLOR$)/.test(name));
  return Object.fromEntries(own);
}

function start(args: readonly string[], { cwd, env, wrapper = [] }: RunOptions) {
  if (!existsSync(MAIN)) throw new Error('There is no dist, which this test runs: npm run build');
  const [command = '', ...rest] = [...wrapper, process.execPath, MAIN, ...args];
  const child = spawn(command, rest, { cwd, env: { ...environment(), ...env } });
  children.add(child);
  child.once('close', () => children.delete(child));
  const output = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output.stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    output.stderr += text;
  });
  // Who reads no input may be gone before it is written.
  child.stdin.on('error', () => {});
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status) => resolve({ status, ...output }));
  });
  return { child, finished, output };
}

/** Waits for a condition on what a process has printed; it is looked at whenever something comes. */
function until(child: ChildProcess, isMet: () => boolean, output: Omit<Finished, 'status'>): Promise<void> {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (!isMet()) return;
      child.off('close', fail);
      child.stdout?.off('data', look);
      child.stderr?.off('data', look);
      resolve();
    };
    const fail = () => reject(new Error(`It has ended too early.\n${output.stdout}\n${output.stderr}`));
    child.once('close', fail);
    child.stdout?.on('data', look);
    child.stderr?.on('data', look);
    look();
  });
}
