// A rule of our own: `new Date()` takes the time of the machine, which neutral rooms are given by a Clock.
const noAmbientDate = {
  create: (context) => ({
    NewExpression(node) {
      if (node.callee.type === 'Identifier' && node.callee.name === 'Date' && node.arguments.length === 0)
        context.report({ node, message: 'Use the injected Clock.' });
    },
  }),
};

export default { meta: { name: 'clock' }, rules: { 'no-ambient-date': noAmbientDate } };
