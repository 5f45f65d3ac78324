-- Write one new row
INSERT INTO /*table*/ (/*columns*/) VALUES (/*values*/)
