-- A person's e-mail address, for the week's and the month's mail.
ALTER TABLE people ADD COLUMN email TEXT;
