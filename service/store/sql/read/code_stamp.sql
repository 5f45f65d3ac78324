-- Part: the stamp of a code c with its organization o, branch b and roles: it names the state of every row that a
-- document shows. The xmin of a row changes with every change of the row, whoever made it.
concat_ws(' ', c.id, c.version, c.xmin, o.xmin, b.xmin, role_stamps.stamp)
