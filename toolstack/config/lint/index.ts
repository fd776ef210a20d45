export {renderFinding, type Finding} from './finding.ts';
export {lintConfig} from './lint.ts';
