import { describePreflight } from './preflight.suite.ts';

describePreflight('installed servers');
