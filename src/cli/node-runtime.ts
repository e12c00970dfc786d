/** The oldest Node that runs this package. */
export const MINIMUM_NODE = '20.19';

/** @param version - as in `process.versions.node` */
export function isSupported(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 20 || (major === 20 && minor >= 19);
}

/**
 * Keeps back Node's warning that its SQLite is experimental: whoever uses a command cannot do anything about it. Every
 * other warning is shown as ever.
 */
export function quietSqliteWarning(): void {
  const listeners = process.listeners('warning');
  process.removeAllListeners('warning');
  process.on('warning', (warning) => {
    if (warning.name === 'ExperimentalWarning' && warning.message.startsWith('SQLite')) return;
    for (const listener of listeners) listener.call(process, warning);
  });
}
