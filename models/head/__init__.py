"""A linear head 512 -> 128 for FaceNet's templates: trained with triplets, measured on people held out. Not yet in the unit."""
