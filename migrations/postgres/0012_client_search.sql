-- Beginnings of words of names with one letter left out, by which a mistyped word is found again.
CREATE TABLE name_variant (
    variant TEXT COLLATE "C" NOT NULL,
    word TEXT COLLATE "C" NOT NULL, -- folded, as in client_word
    PRIMARY KEY (variant, word)
);

-- Number of the contract, as it stands on paper.
ALTER TABLE holding ADD COLUMN contract_number TEXT;
CREATE INDEX holding_contract ON holding (contract_number);
