import { App } from 'aws-cdk-lib';
import { settings } from './settings.ts';
import { EtherfleetStack } from './stacks/etherfleet-stack.ts';

// `cdk deploy` and the local stack (`cdk/local`) both start here: one wiring for both.
const app = new App({ analyticsReporting: false });
new EtherfleetStack(app, 'Etherfleet', { settings });
app.synth();
