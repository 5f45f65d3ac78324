-- Part: says which state of code c, with its organization o, branch b and roles, a document shows. A row's xmin is
-- another one after every change of it, whoever made it.
concat_ws(' ', c.id, c.version, c.xmin, o.xmin, b.xmin, given.stamp)
