// The numbers of modules come from their order and not from the folder that they are built in:
// whoever builds a release gets the same bytes.
module.exports = { optimization: { moduleIds: 'natural' } };
