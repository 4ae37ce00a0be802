import { describePreflight } from './preflight.suite.ts';

describePreflight('the embedded servers');
