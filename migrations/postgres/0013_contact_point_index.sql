-- A client's contact points of a medium are found by the client: by the medium alone there are
-- as many as the bank has clients.
DROP INDEX contact_point_client;
CREATE INDEX contact_point_client ON contact_point (client_id, medium);
