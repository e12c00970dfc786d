import type { SqlParameters } from './statements.js';

/** The name of a parameter. */
export type SqlParameter = keyof SqlParameters;

/** A statement as a database takes it. */
export interface PositionalStatement {
  readonly text: string;
  /** The parameters, in the order in which their values are given. */
  readonly parameters: readonly SqlParameter[];
}

/** Puts `?` in the place of each parameter. One that stands twice is given twice. */
export function withQuestionMarks(statement: string): PositionalStatement {
  const parameters: SqlParameter[] = [];
  const text = replaceParameters(statement, (parameter) => {
    parameters.push(parameter as SqlParameter);
    return '?';
  });
  return { text, parameters };
}

/** Puts what `placeholder` gives for it in the place of each parameter. */
export function replaceParameters(statement: string, placeholder: (parameter: string) => string): string {
  return statement.replaceAll(/(?<!:):(\w+)/g, (_, parameter: string) => placeholder(parameter));
}

type SqlValue = SqlParameters[SqlParameter];

/**
 * The values for {@link PositionalStatement.parameters}.
 *
 * @param others - those of parameters that the database has beside the common ones
 */
export function valuesOf(
  { parameters }: PositionalStatement,
  values: Readonly<Partial<SqlParameters>>,
  others?: Readonly<Record<string, SqlValue>>,
): SqlValue[] {
  return parameters.map((parameter) => (values[parameter] ?? others?.[parameter]) as SqlValue);
}
