import { styleText } from 'node:util';

type Format = Parameters<typeof styleText>[0];

/** Prints a line to the standard output. What a reader does not want any more is not an error. */
export function print(line = ''): void {
  process.stdout.write(`${line}\n`);
}

/**
 * Prints much, and waits until it has been taken.
 *
 * @returns whether anybody still reads
 */
export function printWhole(text: string): Promise<boolean> {
  return new Promise((resolve) => process.stdout.write(text, (error) => resolve(!error)));
}

/** Prints something that a script reads. */
export function printJson(value: unknown): void {
  print(JSON.stringify(value, null, 2));
}

/** Prints a line to the standard error. */
export function complain(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Gives text a style where it is shown on a terminal, and `NO_COLOR` is not set. */
export function styled(format: Format, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return stream.isTTY && !process.env['NO_COLOR'] ? styleText(format, text) : text;
}

/** Lines of columns, each as wide as it must be. */
export function table(rows: readonly (readonly string[])[]): string[] {
  const widths = columnWidths(rows);
  return rows.map((cells) => row(cells, widths));
}

/** How wide each column must be. */
export function columnWidths(rows: readonly (readonly string[])[]): number[] {
  return (rows[0] ?? []).map((_, column) =>
    rows.reduce((width, cells) => Math.max(width, cells[column]?.length ?? 0), 0),
  );
}

/** One line of columns. */
export function row(cells: readonly string[], widths: readonly number[]): string {
  return cells
    .map((cell, column) => cell.padEnd(widths[column] ?? 0))
    .join('  ')
    .trimEnd();
}

/** A reader that goes away (`… | head`) must not end the process, nor show a stack. */
export function tolerateClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on('error', (error: NodeJS.ErrnoException) => {
      if (error.code !== 'EPIPE') throw error;
    });
  }
}

/** JSON in which nothing is invisible, or moves the cursor: what a server says is not for the terminal to obey. */
export function visibleJson(json: string): string {
  return json.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (character) =>
    [...Array(character.length).keys()]
      .map((unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, '0')}`)
      .join(''),
  );
}
