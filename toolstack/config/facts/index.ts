export {encodeJson} from './encode-json.ts';
export {parseFacts, type ParseFacts} from './parse-facts.ts';
export {
  cpusFacts,
  diskFacts,
  rateFacts,
  vifFacts,
  type CpusFacts,
  type DiskFacts,
  type RateFacts,
  type VifFacts,
} from './spec-facts.ts';
