/** What one guest does with one thing, and what it has to find. */
export interface Workload {
  /** "disk: guest 1" */
  readonly name: string;
  /** What it did can be judged even where its guest has died meanwhile. */
  readonly survives: boolean;
  /** Resolves once everything that it began has ended, one way or another. */
  work(): Promise<void>;
  /** What is wrong, after all is over; undefined when nothing is. */
  fault(): string | undefined;
}
