export {LsiHost} from './host.ts';
