export {openQcow2} from './open.ts';
