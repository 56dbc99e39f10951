"""The linear head 512 -> 128 of FaceNet: trained with triplets, measured on people held out."""
