import type {BenchResults, DonePoint} from '../result.ts';

export const donePoints = ({results}: BenchResults): DonePoint[] => results.filter((result) => result.state === 'done');
