/**
 * Shows how far the run is, on standard error: a line that is written over on a terminal, one line a case elsewhere.
 *
 * @param {NodeJS.WriteStream} stream
 */
export function createProgress(stream) {
  const begun = performance.now();
  const seconds = () => `${((performance.now() - begun) / 1000).toFixed(0)} s`;
  return {
    show(text) {
      if (stream.isTTY) stream.write(`\r\x1b[2K[${seconds()}] ${text}`);
    },
    done(text) {
      stream.write(`${stream.isTTY ? '\r\x1b[2K' : ''}[${seconds()}] ${text}\n`);
    },
  };
}
