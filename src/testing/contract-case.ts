/** One case of a contract suite. */
export interface ContractCase {
  /** What is promised. It is unique in the suite; where it is a security requirement, it starts with its id. */
  readonly name: string;
  /** @throws AssertionError if the promise is not kept; or whatever the part under test rejects with that should not */
  run(): Promise<void>;
}

/** A part of a suite: what is promised, and how it is tried. */
export type CasesOn<Stage> = Readonly<Record<string, (stage: Stage) => Promise<void>>>;

/** Cases for any test runner: each on a stage of its own, which is closed whatever comes of the case. */
export function contractCases<Stage extends { close(): Promise<void> }>(
  cases: CasesOn<Stage>,
  setUp: () => Stage,
): readonly ContractCase[] {
  return Object.entries(cases).map(([name, play]) => ({
    name,
    async run() {
      const stage = setUp();
      try {
        await play(stage);
      } finally {
        await stage.close();
      }
    },
  }));
}
