import { App } from 'aws-cdk-lib';
import { certificateChoice, textOf } from './certificate-choice.ts';
import { onPremisesMembers } from './constructs/on-premises.ts';
import { settings } from './settings.ts';
import { EtherfleetStack } from './stacks/etherfleet-stack.ts';

// `cdk deploy` and the local stack (`cdk/local`) both start here: one wiring for both.
const app = new App({ analyticsReporting: false });
const context = (name: string): unknown => app.node.tryGetContext(name);
const alarmEmail = textOf(context, 'alarmEmail');
const tableName = textOf(context, 'tableName');
new EtherfleetStack(app, 'Etherfleet', {
  settings: {
    ...settings,
    ...(alarmEmail !== undefined && { alarmEmail }),
    ...(tableName !== undefined && { tableName }),
    onPremisesMembers: [
      ...settings.onPremisesMembers,
      ...onPremisesMembers(textOf(context, 'onPremises')),
    ],
  },
  certificate: certificateChoice(context),
});
app.synth();
